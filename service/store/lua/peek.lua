-- Reads whole keys and the head at one moment, for people: no token, no revision, nothing is promised.
--
-- KEYS     1  the lane's head
--          2…  the keys to read
-- ARGV     none
-- RETURNS  {{revision, checksum, building}, {field, value, …}, …}  the head as `fence` gives it, then each key
local found = {redis.call('HMGET', KEYS[1], 'revision', 'checksum', 'building')}
for index = 2, #KEYS do
  found[index] = redis.call('HGETALL', KEYS[index])
end
return found
