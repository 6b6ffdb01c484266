-- Put in front of the scripts that write. Needs standing.lua.
-- One long string and a list of lengths travel faster than thousands of arguments, and may hold any bytes.
--
-- write(layout, bytes) applies final values to KEYS[2], KEYS[3], …
--   layout  JSON list; for each key in order two lists of formats for struct.unpack(): of the fields to set, each with
--           its value behind it, and of the fields to remove. A format is of at most 1,000 texts
--   bytes   those fields and values, one after another
--   RETURNS whether it did: not where any of these keys lacks the mark of the memory, and then nothing is written
local function write(layout, bytes)
  local formats, start = cjson.decode(layout), 1
  local generation = redis.call('HGET', KEYS[1], MARK)
  if not generation then return false end
  for index = 2, #KEYS do
    if not is_marked(generation, KEYS[index]) then return false end
  end

  local function pass(command, key, slices)
    for _, format in ipairs(slices) do
      local texts = {struct.unpack(format, bytes, start)}
      local count = #texts - 1
      start = texts[count + 1]
      redis.call(command, key, unpack(texts, 1, count))
    end
  end

  for index = 2, #KEYS do
    local set, remove = unpack(formats[index - 1])
    pass('HSET', KEYS[index], set)
    pass('HDEL', KEYS[index], remove)
  end
  return true
end
