-- Decides a batch of requests, one after another, each of them whole or not at all, and writes what all of them took at
-- the end: requests of one batch that share a counter read and write it once.
--
-- KEYS   1 .. n           the requests' records: "A" admitted, "S" settled
--        n+1 .. strings   token buckets "missing units, when", and windows "used units"
--        strings+1 ..     concurrency limits: sorted sets of request ids, scored by the end of their leases
-- ARGV   one MessagePack array of whole numbers: n, strings, where the id begins in the key of a record,
--        l, l limits, n requests
--        limit            kind, capacity, enforced (1 or 0), a, b
--           1 bucket        a units make a token, b units are gained in a millisecond
--           2 window        begins at a, ends before b
--           3 concurrency   a is the lease
--        request          milliseconds its record is kept (0: it takes nothing), when the windows begin and end of what it
--                         has by lease (0, 0: it has none), k, and k times the number of a limit, of its counter's key
--                         after n, and the units that it takes of it
-- Answer one MessagePack array of whole numbers: now, and for each request: a code, and for each of its k limits
--        remaining, resets in, retry after (0: it has room)
--        code             0 refused, 1 admitted, 2 not now: a window is not the current one, 3 settled already
--
-- In a cluster all keys of a command have one hash tag.
--
-- Times are milliseconds of this server's clock. All numbers are whole and below 2^53, where a double is exact.
-- Nothing but the clock decides what is current: a clock that was set back is seen as no time passed.
-- Numbers are formatted here, because Redis formats a number as a fraction, which takes longer than the command.

local BUCKET, WINDOW = 1, 2
local REFUSED, ADMITTED, NOT_NOW, SETTLED = 0, 1, 2, 3
local HOUR = 3600000

local call, format, floor, ceil, max, min = redis.call, string.format, math.floor, math.ceil, math.max, math.min
local find, sub = string.find, string.sub

local clock = redis.call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local numbers = cmsgpack.unpack(ARGV[1])
local n, strings, id_begins = numbers[1], numbers[2], numbers[3]
local values = call('MGET', unpack(KEYS, 1, strings))

local function whole(number)
  return format('%d', number)
end

local now_text = whole(now)
local after_now = '(' .. now_text

local limits, at, all_current = {}, 4, true
for i = 1, numbers[4] do
  local kind, a, b = numbers[at + 1], numbers[at + 4], numbers[at + 5]
  local limit = {
    kind = kind, capacity = numbers[at + 2], enforced = numbers[at + 3] == 1, a = a, b = b, ends = '', kept = '',
    is_current = true
  }
  if kind == WINDOW then
    -- Kept a while longer, for a clock that is set back and for settling late.
    limit.kept = whole(max(1, b + min(b - a, HOUR) - now))
    limit.is_current = a <= now and now < b
    all_current = all_current and limit.is_current
  elseif kind ~= BUCKET then
    limit.ends = whole(now + a)
  end
  limits[i] = limit
  at = at + 5
end

local function load_bucket(limit, key, value)
  local missing, dirty = 0, false
  if value then
    local space = find(value, ' ', 1, true)
    local passed = now - sub(value, space + 1)
    missing = tonumber(sub(value, 1, space - 1))
    if passed < 0 then
      dirty = true
    else
      missing = max(0, missing - passed * limit.b)
    end
  end
  return { limit = limit, key = key, missing = missing, dirty = dirty }
end

local function load_leases(limit, key)
  local newest = call('ZRANGE', key, '-1', '-1', 'WITHSCORES')[2]
  local c = { limit = limit, key = key, held = 0, last = now, dirty = false, wait = false, is_stale = newest ~= nil }
  if newest and tonumber(newest) > now then
    c.held = call('ZCOUNT', key, after_now, '+inf')
    c.last = tonumber(newest)
    local latest = now + limit.a
    if c.last > latest then
      -- The clock was set back: no lease of a living holder ends later than this.
      for _, id in ipairs(call('ZRANGEBYSCORE', key, '(' .. limit.ends, '+inf')) do
        call('ZADD', key, 'XX', limit.ends, id)
      end
      c.last = latest
      c.dirty = true
    end
  end
  return c
end

local counters, loaded = {}, 0
local by_number = {}
local function load(limit, number)
  local key, kind, c = KEYS[n + number], limit.kind, nil
  if kind == BUCKET then
    c = load_bucket(limit, key, values[n + number])
  elseif kind == WINDOW then
    local used = tonumber(values[n + number] or nil)
    c = { limit = limit, key = key, used = used or 0, before = used, dirty = false }
  else
    c = load_leases(limit, key)
  end
  by_number[number] = c
  loaded = loaded + 1
  counters[loaded] = c
  return c
end

-- How long until one more request that takes so many units has room; 0 if it has.
local function wait_for(limit, c, units)
  local kind = limit.kind
  if kind == BUCKET then
    local lacking = c.missing + (units - limit.capacity) * limit.a
    return lacking > 0 and ceil(lacking / limit.b) or 0
  elseif kind == WINDOW then
    return c.used + units > limit.capacity and max(1, limit.b - now) or 0
  elseif c.held < limit.capacity then
    return 0
  end
  if not c.wait then
    local freed = call('ZRANGEBYSCORE', c.key, after_now, '+inf', 'WITHSCORES',
      'LIMIT', whole(c.held - limit.capacity), '1')
    c.wait = max(1, freed[2] - now)
  end
  return c.wait
end

local function take(limit, c, id, units)
  local kind = limit.kind
  c.dirty = true
  if kind == BUCKET then
    c.missing = c.missing + units * limit.a
  elseif kind == WINDOW then
    c.used = c.used + units
  else
    call('ZADD', c.key, limit.ends, id)
    c.held, c.last, c.wait = c.held + 1, max(c.last, now + limit.a), false
  end
end

local reply, size = { now }, 1
local function tell(limit, c, wait)
  local kind, remaining, resets = limit.kind, nil, nil
  if kind == BUCKET then
    remaining, resets = floor(limit.capacity - c.missing / limit.a), ceil(c.missing / limit.b)
  elseif kind == WINDOW then
    remaining, resets = limit.capacity - c.used, c.used > 0 and max(0, limit.b - now) or 0
  else
    remaining, resets = limit.capacity - c.held, c.last - now
  end
  reply[size + 1], reply[size + 2], reply[size + 3] = remaining > 0 and remaining or 0, resets, wait
  size = size + 3
end

local records, waits = {}, {}

-- Asks the limits whose fields begin at first, three later, ... before the end.
local function ask(first, after)
  local has_room, j = true, 1
  for i = first, after - 1, 3 do
    local limit, units = limits[numbers[i]], numbers[i + 2]
    local c = by_number[numbers[i + 1]] or load(limit, numbers[i + 1])
    local wait = wait_for(limit, c, units)
    waits[j] = wait
    j = j + 1
    if wait > 0 then
      has_room = has_room and not limit.enforced
    end
  end
  return has_room
end

local function is_current(first, after)
  for i = first, after - 1, 3 do
    if not limits[numbers[i]].is_current then
      return false
    end
  end
  return true
end

local function decide(first, after, id, keep, begins, ends)
  local has_room = ask(first, after)
  if (ends > 0 and (now < begins or now >= ends)) or (not all_current and not is_current(first, after)) then
    return NOT_NOW
  elseif not has_room then
    return REFUSED
  end
  if keep > 0 then
    for i = first, after - 1, 3 do
      take(limits[numbers[i]], by_number[numbers[i + 1]], id, numbers[i + 2])
    end
  end
  return ADMITTED
end

for i = 1, n do
  local key, keep, k = KEYS[i], numbers[at + 1], numbers[at + 4]
  local first = at + 5
  local after = first + 3 * k
  local record, code = records[key] or values[i], nil
  if record then
    code = record == 'S' and SETTLED or ADMITTED
    for j = 1, k do waits[j] = 0 end
  else
    code = decide(first, after, sub(key, id_begins), keep, numbers[at + 2], numbers[at + 3])
    if code == ADMITTED and keep > 0 then
      call('SET', key, 'A', 'PX', whole(keep))
      records[key] = 'A'
    end
  end
  size = size + 1
  reply[size] = code
  local j = 1
  for l = first, after - 1, 3 do
    local limit = limits[numbers[l]]
    tell(limit, by_number[numbers[l + 1]] or load(limit, numbers[l + 1]), waits[j])
    j = j + 1
  end
  at = after - 1
end

for i = 1, loaded do
  local c = counters[i]
  if c.dirty then
    local key, limit = c.key, c.limit
    local kind = limit.kind
    if kind == BUCKET then
      if c.missing > 0 then
        call('SET', key, format('%d %d', c.missing, now), 'PX', whole(ceil(c.missing / limit.b)))
      end
    elseif kind == WINDOW then
      if c.before then
        call('INCRBY', key, whole(c.used - c.before))
      else
        call('SET', key, whole(c.used), 'PX', limit.kept)
      end
    else
      if c.is_stale then
        call('ZREMRANGEBYSCORE', key, '-inf', now_text)
      end
      call('PEXPIRE', key, whole(max(1, c.last - now)))
    end
  end
end
return cmsgpack.pack(reply)
