-- Reads whole keys. Needs standing.lua.
--
-- KEYS     1  the lane's head
--          2…  the keys to read
-- ARGV     1  the caller's token
--          2  the revision the caller is at, empty for none
-- RETURNS  'FENCED' | 'BEHIND'
--          {{field, value, field, value, …}, …}  one for each key, its mark among the fields
local said = refusal_at(KEYS[1], ARGV[1], ARGV[2])
if said then return said end
local generation = redis.call('HGET', KEYS[1], MARK)
if not generation then return lost(KEYS[1]) end
local contents = {}
for index = 2, #KEYS do
  if not is_marked(generation, KEYS[index]) then return lost(KEYS[1]) end
  contents[index - 1] = redis.call('HGETALL', KEYS[index])
end
return contents
