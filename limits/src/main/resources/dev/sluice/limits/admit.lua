-- Decides a batch of requests, one after another, each of them whole or not at all, and writes what all of them took at
-- the end: requests of one batch that share a counter read and write it once.
--
-- KEYS   1 .. n           the requests' records: "A" admitted, "S" settled
--        n+1 .. strings   buckets "missing units, when", and windows "used units"
--        strings+1 ..     slots: sorted sets of request ids, scored by the end of their leases
-- ARGV   n, m, strings, m counters, n requests
--        counter          kind, key, capacity, enforced (1 or 0), a, b
--           1 bucket        a units make a token, b units are gained in a millisecond
--           2 window        begins at a, ends before b
--           3 slots         a is the lease
--        request          id, milliseconds its record is kept (0: only look), k, and k times the number of a
--                         counter and the units that it takes of it
-- Answer now, and for each request: a code, and k times remaining, resets in, retry after (0: it has room)
--        code             0 refused, 1 admitted, 2 not now: a window is not the current one, 3 settled already
--
-- Times are milliseconds of this server's clock. All numbers are whole and below 2^53, where a double is exact.
-- Nothing but the clock decides what is current: a clock that was set back is seen as no time passed.

local BUCKET, WINDOW = 1, 2
local REFUSED, ADMITTED, NOT_NOW, SETTLED = 0, 1, 2, 3
local HOUR = 3600000

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local n, m, strings = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local values = redis.call('MGET', unpack(KEYS, 1, strings))

local function whole(number)
  return string.format('%.0f', number)
end

local function load_bucket(c)
  local missing, at = string.match(values[c.key] or '', '^(%d+) (%d+)$')
  missing, at = tonumber(missing or 0), tonumber(at or now)
  if at > now then
    c.dirty = true
    at = now
  end
  c.missing = math.max(0, missing - (now - at) * c.b)
end

local function load_slots(c)
  local key = KEYS[c.key]
  c.held = redis.call('ZCOUNT', key, '(' .. whole(now), '+inf')
  c.last = now
  if c.held > 0 then
    c.last = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
    local latest = now + c.a
    if c.last > latest then
      -- The clock was set back: no lease of a living holder ends later than this.
      for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. whole(latest), '+inf')) do
        redis.call('ZADD', key, 'XX', latest, id)
      end
      c.last = latest
      c.dirty = true
    end
  end
end

local counters = {}
for i = 1, m do
  local at = 3 + (i - 1) * 6
  local c = {
    kind = tonumber(ARGV[at + 1]), key = tonumber(ARGV[at + 2]), capacity = tonumber(ARGV[at + 3]),
    enforced = ARGV[at + 4] == '1', a = tonumber(ARGV[at + 5]), b = tonumber(ARGV[at + 6])
  }
  if c.kind == BUCKET then
    load_bucket(c)
  elseif c.kind == WINDOW then
    c.used = tonumber(values[c.key] or 0)
  else
    load_slots(c)
  end
  counters[i] = c
end

-- How long until one more request that takes so many units has room; 0 if it has.
local function wait_for(c, units)
  if c.kind == BUCKET then
    local lacking = c.missing + units * c.a - c.capacity * c.a
    return lacking > 0 and math.ceil(lacking / c.b) or 0
  elseif c.kind == WINDOW then
    return c.used + units > c.capacity and math.max(1, c.b - now) or 0
  elseif c.held < c.capacity then
    return 0
  end
  if not c.wait then
    local freed = redis.call('ZRANGEBYSCORE', KEYS[c.key], '(' .. whole(now), '+inf', 'WITHSCORES',
      'LIMIT', c.held - c.capacity, 1)
    c.wait = math.max(1, tonumber(freed[2]) - now)
  end
  return c.wait
end

local function take(c, id, units)
  c.dirty = true
  if c.kind == BUCKET then
    c.missing = c.missing + units * c.a
  elseif c.kind == WINDOW then
    c.used = c.used + units
  else
    redis.call('ZADD', KEYS[c.key], now + c.a, id)
    c.held, c.last, c.wait = c.held + 1, math.max(c.last, now + c.a), nil
  end
end

local function write(c)
  local key = KEYS[c.key]
  if c.kind == BUCKET then
    if c.missing > 0 then
      redis.call('SET', key, whole(c.missing) .. ' ' .. whole(now), 'PX', math.ceil(c.missing / c.b))
    end
  elseif c.kind == WINDOW then
    -- Kept a while longer, for a clock that is set back and for settling late.
    redis.call('SET', key, whole(c.used), 'PX', c.b - now + math.min(c.b - c.a, HOUR))
  else
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    redis.call('PEXPIRE', key, math.max(1, c.last - now))
  end
end

local function standing(c)
  if c.kind == BUCKET then
    return math.max(0, math.floor((c.capacity * c.a - c.missing) / c.a)), math.ceil(c.missing / c.b)
  elseif c.kind == WINDOW then
    return math.max(0, c.capacity - c.used), c.used > 0 and math.max(0, c.b - now) or 0
  end
  return math.max(0, c.capacity - c.held), c.last - now
end

local records, reply, at = {}, { now }, 3 + m * 6
for i = 1, n do
  local id, keep, k = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local record = records[KEYS[i]] or values[i]
  local code = record == 'S' and SETTLED or ADMITTED
  local waits = {}
  if not record then
    for j = 1, k do
      local c = counters[tonumber(ARGV[at + 2 + 2 * j])]
      waits[j] = wait_for(c, tonumber(ARGV[at + 3 + 2 * j]))
      if c.kind == WINDOW and (now < c.a or now >= c.b) then
        code = NOT_NOW
      elseif waits[j] > 0 and c.enforced and code == ADMITTED then
        code = REFUSED
      end
    end
    if code == ADMITTED and keep > 0 then
      for j = 1, k do
        take(counters[tonumber(ARGV[at + 2 + 2 * j])], id, tonumber(ARGV[at + 3 + 2 * j]))
      end
      redis.call('SET', KEYS[i], 'A', 'PX', keep)
      records[KEYS[i]] = 'A'
    end
  end
  reply[#reply + 1] = code
  for j = 1, k do
    local remaining, resets = standing(counters[tonumber(ARGV[at + 2 + 2 * j])])
    local last = #reply
    reply[last + 1], reply[last + 2], reply[last + 3] = remaining, resets, waits[j] or 0
  end
  at = at + 3 + 2 * k
end

for i = 1, m do
  if counters[i].dirty then
    write(counters[i])
  end
end
return reply
