-- Reads whole keys. Needs standing.lua.
--
-- KEYS     1  the lane's head
--          2…  the keys to read
-- ARGV     1  the caller's token
--          2  the revision the caller is at, empty for none
-- RETURNS  'FENCED' | 'BEHIND'
--          {{field, value, field, value, …}, …}  one for each key, empty where there is no such key
local said = refusal_at(KEYS[1], ARGV[1], ARGV[2])
if said then return said end
local contents = {}
for index = 2, #KEYS do
  contents[index - 1] = redis.call('HGETALL', KEYS[index])
end
return contents
