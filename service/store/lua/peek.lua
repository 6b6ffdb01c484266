-- Reads whole keys and the head at one moment, for people: no token, no revision, nothing is promised.
-- Needs standing.lua. Where one of the keys is lost, the head says `building`, and that key is empty.
--
-- KEYS     1  the lane's head
--          2…  the keys to read
-- ARGV     none
-- RETURNS  {{revision, checksum, building, layout}, {field, value, …}, …}  the head as `fence` gives it, then each key
local head = found(KEYS[1], 'revision', 'checksum', 'building', 'layout', MARK)
local contents = {{head[1] or false, head[2] or false, head[3] or false, head[4] or false}}
for index = 2, #KEYS do
  if is_marked(head[5], KEYS[index]) then
    contents[index] = redis.call('HGETALL', KEYS[index])
  else
    contents[index] = {}
    if head[5] then contents[1][3] = 'lost' end
  end
end
return contents
