-- Put in front of the scripts that only the lane's fence may run. Takes nothing but a head's key and a token.
--
-- refusal(head, token) RETURNS
--   'FENCED'  a newer token was here
--   'BEHIND'  this token never was: the memory was emptied, or is older than the token
--   nil       the token is the lane's fence
local function refusal(head, token)
  local stored, mine = tonumber(redis.call('HGET', head, 'token')), tonumber(token)
  if not stored or stored < mine then return 'BEHIND' end
  if stored > mine then return 'FENCED' end
  return nil
end

-- refusal_at(head, token, revision) RETURNS the same, and 'BEHIND' unless the memory is exactly at `revision`
-- (empty: no batch was ever folded in) and no rebuild is open.
local function refusal_at(head, token, revision)
  local said = refusal(head, token)
  if said then return said end
  local now = redis.call('HMGET', head, 'building', 'revision')
  if now[1] or (now[2] or '') ~= revision then return 'BEHIND' end
  return nil
end
