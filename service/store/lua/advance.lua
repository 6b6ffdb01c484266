-- Applies a batch's changes and moves the head, all or nothing. Needs standing.lua and write.lua.
-- Running it again with the same arguments changes nothing and says 'OK': a repeat after a time-out is harmless.
--
-- KEYS     1  the lane's head
--          2…  the keys that change
-- ARGV     1  the caller's token
--          2  the revision the caller is at, empty for none
--          3  the new head's revision
--          4  the new head's checksum
--          5  the changes' layout, see write.lua
--          6  the changes' bytes
-- RETURNS  'OK' | 'FENCED' | 'BEHIND'
local said = refusal(KEYS[1], ARGV[1])
if said then return said end
local now = found(KEYS[1], 'building', 'revision', 'checksum')
if now[1] then return 'BEHIND' end
local revision, checksum = now[2] or '', now[3] or ''
if revision == ARGV[3] and checksum == ARGV[4] then return 'OK' end
if revision ~= ARGV[2] then return 'BEHIND' end
if not write(ARGV[5], ARGV[6]) then return lost(KEYS[1]) end
redis.call('HSET', KEYS[1], 'revision', ARGV[3], 'checksum', ARGV[4])
return 'OK'
