-- Makes a token the lane's fence, if none is newer. Running it again changes nothing.
--
-- KEYS     1  the lane's head; one of another type is none of ours and is thrown away
-- ARGV     1  the caller's token, a whole number below 2^53
-- RETURNS  'FENCED'  a newer token was here
--          {revision, checksum, building, layout}  how far the memory is; each nil where there is none
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
local stored = tonumber(redis.call('HGET', KEYS[1], 'token') or nil)
if stored and stored > tonumber(ARGV[1]) then return 'FENCED' end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HMGET', KEYS[1], 'revision', 'checksum', 'building', 'layout')
