-- Forgets counters of one value; the records of requests stay.
--
-- KEYS[1]  the value
-- ARGV     the names of the counters
-- Answer 1 if there was a value

read_values(0)
if not texts[1] then
  return 0
end
local names = {}
for a = 1, #ARGV do
  names[ARGV[a]] = true
end
load(1)
drop_counters(1, function(name) return names[name] end)
write(1)
return 1
