-- Put in front of the scripts that only the lane's fence may run. Takes nothing but a head's key and a token.
--
-- A key of another type than ours is one that is not there: somebody else wrote it, or a part of the memory was lost.
--
-- refusal(head, token) RETURNS
--   'FENCED'  a newer token was here
--   'BEHIND'  this token never was: the memory was emptied, or is older than the token
--   nil       the token is the lane's fence
local MARK = 'generation'
local SLICE = 1000 -- unpack() fails somewhere above 7,900 values

local function found(key, ...)
  local values = redis.pcall('HMGET', key, ...)
  return values.err and {} or values
end

local function refusal(head, token)
  local stored, mine = tonumber(found(head, 'token')[1] or nil), tonumber(token)
  if not stored or stored < mine then return 'BEHIND' end
  if stored > mine then return 'FENCED' end
  return nil
end

-- refusal_at(head, token, revision) RETURNS the same, and 'BEHIND' unless the memory is exactly at `revision`
-- (empty: no batch was ever folded in) and no rebuild is open.
local function refusal_at(head, token, revision)
  local said = refusal(head, token)
  if said then return said end
  local now = found(head, 'building', 'revision')
  if now[1] or (now[2] or '') ~= revision then return 'BEHIND' end
  return nil
end

-- is_marked(generation, key) RETURNS whether the key was made by that rebuild of the memory
local function is_marked(generation, key)
  return generation and found(key, MARK)[1] == generation
end

-- lost(head) notes that a part of the memory is gone, so that the next claim builds it anew. RETURNS 'BEHIND'
local function lost(head)
  redis.call('HSET', head, 'building', 'lost')
  return 'BEHIND'
end
