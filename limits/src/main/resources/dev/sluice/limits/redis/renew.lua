-- Renews requests that still run: their leases begin again, and their records are kept for as long as at first.
--
-- KEYS   for each request its record, then the keys of its k sets of slots
-- ARGV   n, then for each request: id, milliseconds its record is kept, k, and k leases
-- Answer for each request 1 if its record is kept longer, or 0: it is settled or forgotten
--
-- A slot whose lease has ended is not taken again: it may be somebody else's by now.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function keep(key, millis)
  redis.call('PEXPIRE', key, millis)
end

local function renew_slot(key, id, lease)
  local ends = tonumber(redis.call('ZSCORE', key, id) or nil)
  if ends and ends > now then
    redis.call('ZADD', key, 'XX', now + lease, id)
    keep(key, math.max(1, tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]) - now))
  end
end

local reply, key, at = {}, 0, 1
for i = 1, tonumber(ARGV[1]) do
  local id, k = ARGV[at + 1], tonumber(ARGV[at + 3])
  reply[i] = 0
  if redis.call('GET', KEYS[key + 1]) == 'A' then
    keep(KEYS[key + 1], tonumber(ARGV[at + 2]))
    reply[i] = 1
  end
  for j = 1, k do
    renew_slot(KEYS[key + 1 + j], id, tonumber(ARGV[at + 3 + j]))
  end
  key = key + 1 + k
  at = at + 3 + k
end
return reply
