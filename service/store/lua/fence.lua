-- Makes a token the lane's fence, if none is newer. Running it again changes nothing.
--
-- KEYS     1  the lane's head
-- ARGV     1  the caller's token, a whole number below 2^53
-- RETURNS  'FENCED'  a newer token was here
--          {revision, checksum, building}  how far the memory is; each nil where there is none
local stored = tonumber(redis.call('HGET', KEYS[1], 'token'))
if stored and stored > tonumber(ARGV[1]) then return 'FENCED' end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HMGET', KEYS[1], 'revision', 'checksum', 'building')
