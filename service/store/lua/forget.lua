-- Throws a lane's memory away, its fence too, as if it had never been. Running it again changes nothing.
-- Whoever owns the lane is BEHIND from then on and claims again; that claim rebuilds the memory from the log.
--
-- KEYS     1  the lane's head
--          2…  every key the lane can have
-- ARGV     none
-- RETURNS  'OK'
for index = 1, #KEYS do
  redis.call('UNLINK', KEYS[index])
end
return 'OK'
