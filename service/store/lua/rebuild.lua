-- Writes one numbered chunk of a rebuild. Needs standing.lua and write.lua.
-- Each chunk needs the one before it, under the same token, the first needs begin.lua; the last one closes. Running a
-- chunk again directly after itself changes nothing and says 'OK'.
-- While a rebuild is open, the head's `building` is 'token/number' of its latest chunk.
--
-- KEYS     1  the lane's head
--          2…  the keys that change
-- ARGV     1  the caller's token
--          2  the chunk's number, from 1
--          3  'more' | 'last'
--          4  for the last chunk the head's revision, empty for none; else unused
--          5  for the last chunk the head's checksum; else unused
--          6  the changes' layout, see write.lua
--          7  the changes' bytes
-- RETURNS  'OK' | 'FENCED' | 'BEHIND'
local said = refusal(KEYS[1], ARGV[1])
if said then return said end

local number, is_last = tonumber(ARGV[2]), ARGV[3] == 'last'
local here = ARGV[1] .. '/' .. string.format('%d', number)
local before = ARGV[1] .. '/' .. string.format('%d', number - 1)
local now = found(KEYS[1], 'building', 'revision', 'checksum')

if not now[1] and is_last and (now[2] or '') == ARGV[4] and (now[3] or '') == ARGV[5] then return 'OK' end
if now[1] ~= here and now[1] ~= before then return 'BEHIND' end

if not write(ARGV[6], ARGV[7]) then return lost(KEYS[1]) end
if is_last then
  redis.call('HDEL', KEYS[1], 'building')
  redis.call('HSET', KEYS[1], 'revision', ARGV[4], 'checksum', ARGV[5])
else
  redis.call('HSET', KEYS[1], 'building', here)
end
return 'OK'
