-- Reads single fields. Needs standing.lua.
--
-- KEYS     1  the lane's head
--          2…  the key of each wanted field; a key may come more than once
-- ARGV     1  the caller's token
--          2  the revision the caller is at, empty for none
--          3  JSON list of the wanted fields, one for each of KEYS 2…
-- RETURNS  'FENCED' | 'BEHIND'
--          {value, …}  one for each field, nil where there is no such field
local said = refusal_at(KEYS[1], ARGV[1], ARGV[2])
if said then return said end
local generation = redis.call('HGET', KEYS[1], MARK)
if not generation then return lost(KEYS[1]) end
local values = {}
for index, field in ipairs(cjson.decode(ARGV[3])) do
  local pair = found(KEYS[index + 1], MARK, field)
  if pair[1] ~= generation then return lost(KEYS[1]) end
  values[index] = pair[2]
end
return values
