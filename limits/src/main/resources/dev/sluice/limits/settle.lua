-- Settles requests: frees their slots and corrects what they reserved to what they used, each request once.
--
-- KEYS   for each request its record, then the keys of its k counters
-- ARGV   n, milliseconds a settled record is kept, then for each request: id, k, and k times kind, delta, a, b
--           1 bucket   delta tokens more; a units make a token, b units are gained in a millisecond
--           2 window   delta units more
--           3 slots    frees the request's
-- Answer how many were settled now
--
-- A request without a record is marked settled too: its admission may still be on its way, and must then count nothing.
-- It gives nothing back, for nobody knows whether it took anything.

local BUCKET, WINDOW = 1, 2
local LARGEST = 9007199254740992

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

local function correct_bucket(key, delta, a, b)
  local missing, at = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  missing, at = tonumber(missing or 0), tonumber(at or now)
  missing = math.max(0, missing - math.max(0, now - at) * b)
  missing = math.min(LARGEST, math.max(0, missing + delta * a))
  if missing > 0 then
    redis.call('SET', key, whole(missing) .. ' ' .. whole(now), 'PX', math.ceil(missing / b))
  else
    redis.call('DEL', key)
  end
end

local function correct_window(key, delta)
  local used = tonumber(redis.call('GET', key) or nil)
  if used then
    redis.call('SET', key, whole(math.min(LARGEST, math.max(0, used + delta))), 'KEEPTTL')
  end
end

local settled, key, at = 0, 0, 2
for _ = 1, tonumber(ARGV[1]) do
  local id, k = ARGV[at + 1], tonumber(ARGV[at + 2])
  local record = redis.call('GET', KEYS[key + 1])
  if record ~= 'S' then
    settled = settled + 1
    redis.call('SET', KEYS[key + 1], 'S', 'PX', ARGV[2])
    for j = 1, k do
      local f = at + 2 + (j - 1) * 4
      local kind, delta = tonumber(ARGV[f + 1]), tonumber(ARGV[f + 2])
      if kind ~= BUCKET and kind ~= WINDOW then
        redis.call('ZREM', KEYS[key + 1 + j], id)
      elseif record == 'A' or delta > 0 then
        if kind == BUCKET then
          correct_bucket(KEYS[key + 1 + j], delta, tonumber(ARGV[f + 3]), tonumber(ARGV[f + 4]))
        else
          correct_window(KEYS[key + 1 + j], delta)
        end
      end
    end
  end
  key = key + 1 + k
  at = at + 2 + k * 4
end
return settled
