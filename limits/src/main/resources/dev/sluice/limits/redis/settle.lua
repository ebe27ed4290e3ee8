-- Settles requests: frees their leases and corrects what they reserved to what they used, each request once.
--
-- KEYS   the n requests' records, then for each request the keys of its k counters
-- ARGV   one MessagePack array of whole numbers: n, milliseconds a settled record is kept, where the id begins in the
--        key of a record, then for each request: k, and k times kind, delta, a, b
--           1 bucket        delta tokens more; a units make a token, b units are gained in a millisecond
--           2 window        delta units more
--           3 concurrency   frees the request's lease
-- Answer how many were settled now
--
-- A request without a record is marked settled too: its admission may still be on its way, and must then count nothing.
-- It gives nothing back, for nobody knows whether it took anything.

local BUCKET, WINDOW = 1, 2
local LARGEST = 9007199254740992

local call, format, ceil, max, min = redis.call, string.format, math.ceil, math.max, math.min

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local numbers = cmsgpack.unpack(ARGV[1])
local n, id_begins = numbers[1], numbers[3]
local records = call('MGET', unpack(KEYS, 1, n))

local function whole(number)
  return format('%d', number)
end

local kept = whole(numbers[2])

local function correct_bucket(key, delta, a, b)
  local missing, at = string.match(call('GET', key) or '', '^(%d+) (%d+)$')
  missing, at = tonumber(missing or 0), tonumber(at or now)
  missing = max(0, missing - max(0, now - at) * b)
  missing = min(LARGEST, max(0, missing + delta * a))
  if missing > 0 then
    call('SET', key, format('%d %d', missing, now), 'PX', whole(ceil(missing / b)))
  else
    call('DEL', key)
  end
end

local function correct_window(key, delta)
  local used = tonumber(call('GET', key) or nil)
  if used then
    call('SET', key, whole(min(LARGEST, max(0, used + delta))), 'KEEPTTL')
  end
end

local done, settled, key, at = {}, 0, n, 3
for i = 1, n do
  local record, k = records[i], numbers[at + 1]
  if record ~= 'S' and not done[KEYS[i]] then
    settled = settled + 1
    done[KEYS[i]] = true
    call('SET', KEYS[i], 'S', 'PX', kept)
    for j = 1, k do
      local f = at + 2 + (j - 1) * 4
      local kind, delta = numbers[f], numbers[f + 1]
      if kind ~= BUCKET and kind ~= WINDOW then
        call('ZREM', KEYS[key + j], string.sub(KEYS[i], id_begins))
      elseif record or delta > 0 then
        if kind == BUCKET then
          correct_bucket(KEYS[key + j], delta, numbers[f + 2], numbers[f + 3])
        else
          correct_window(KEYS[key + j], delta)
        end
      end
    end
  end
  key = key + k
  at = at + 1 + k * 4
end
return settled
