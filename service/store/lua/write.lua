-- Put in front of the scripts that write. Needs standing.lua.
-- One long string and a list of lengths travel faster than thousands of arguments, and may hold any bytes.
--
-- write(layout, bytes) applies final values to KEYS[2], KEYS[3], …
--   layout  JSON list of whole numbers; for each key in order: how many fields to set, how many to remove, then the
--           lengths in bytes of field, value, field, value, …, and of the fields to remove
--   bytes   those fields and values, one after another
--   RETURNS whether it did: not where any of these keys lacks the mark of the memory, and then nothing is written
local SLICE = 1000 -- unpack() fails somewhere above 7,900 values

local function write(layout, bytes)
  local lengths, at, start = cjson.decode(layout), 1, 1
  local generation = redis.call('HGET', KEYS[1], MARK)
  if not generation then return false end
  for index = 2, #KEYS do
    if not is_marked(generation, KEYS[index]) then return false end
  end

  local function pass(command, key, count)
    local slice, filled = {}, 0
    for _ = 1, count do
      local stop = start + lengths[at]
      filled = filled + 1
      slice[filled] = string.sub(bytes, start, stop - 1)
      at, start = at + 1, stop
      if filled == SLICE then
        redis.call(command, key, unpack(slice, 1, filled))
        filled = 0
      end
    end
    if filled > 0 then redis.call(command, key, unpack(slice, 1, filled)) end
  end

  for index = 2, #KEYS do
    local set, remove = lengths[at], lengths[at + 1]
    at = at + 2
    pass('HSET', KEYS[index], 2 * set)
    pass('HDEL', KEYS[index], remove)
  end
  return true
end
