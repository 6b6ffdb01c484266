-- Begins a rebuild: empties the lane and lays it out anew, each key with the mark of this rebuild. Needs standing.lua.
-- Running it again begins again.
--
-- KEYS     1  the lane's head
--          2…  the keys of the new layout, then others that are to be gone
-- ARGV     1  the caller's token, which is the mark
--          2  how many keys the new layout has
--          3  the new layout's text
-- RETURNS  'OK' | 'FENCED' | 'BEHIND'
local said = refusal(KEYS[1], ARGV[1])
if said then return said end
for first = 2, #KEYS, SLICE do
  redis.call('UNLINK', unpack(KEYS, first, math.min(first + SLICE - 1, #KEYS)))
end
for index = 2, 1 + tonumber(ARGV[2]) do
  redis.call('HSET', KEYS[index], MARK, ARGV[1])
end
redis.call('HDEL', KEYS[1], 'revision', 'checksum')
redis.call('HSET', KEYS[1], 'building', ARGV[1] .. '/0', 'layout', ARGV[3], MARK, ARGV[1])
return 'OK'
