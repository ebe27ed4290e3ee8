-- Decides a batch of requests, one after another, each of them whole or not at all, and writes what all of them took at
-- the end: requests of one batch that share a value read and write it once.
--
-- KEYS   1 .. n    the keys that the requests' records have where there is no room for them in a value
--        n+1 ..    values
-- ARGV   1         one MessagePack array of whole numbers: n, l, l limits, n requests
--          limit     kind, capacity, enforced (1 or 0), a, b
--             1 bucket        a units make a token, b units are gained in a millisecond
--             2 window        begins at a, ends before b
--             3 concurrency   a is the lease
--          request   milliseconds its record is kept (0: it takes nothing), when the windows begin and end of what it
--                    has by lease (0, 0: it has none), the value of its record, k, and k times the number of a limit, of
--                    a value, and the units that it takes; values are numbered from 1
--        2         the hashes of the requests' ids, 8 bytes each
--        3 ..      the names of the limits' counters
-- Answer one MessagePack array of whole numbers: now, and for each request: a code, and for each of its k limits
--        remaining, resets in, retry after (0: it has room)
--        code      0 refused, 1 admitted, 2 not now: a window is not the current one, 3 settled already
--
-- In a cluster all keys of a command have one hash tag.

local REFUSED, ADMITTED, NOT_NOW, SETTLED = 0, 1, 2, 3

local input, hashes = cmsgpack.unpack(ARGV[1]), ARGV[2]
read_values(input[1])

-- Of each limit; kept: until when a window is.
local kinds, names, capacities, enforced, as, bs, kept, is_current = {}, {}, {}, {}, {}, {}, {}, {}
local at, all_current = 3, true
for g = 1, input[2] do
  local kind, a, b = input[at], input[at + 3], input[at + 4]
  kinds[g], names[g], capacities[g], enforced[g], as[g], bs[g] = kind, ARGV[2 + g], input[at + 1], input[at + 2] == 1, a, b
  is_current[g] = kind ~= WINDOW or (a <= now and now < b)
  all_current = all_current and is_current[g]
  -- Kept a while longer, for a clock that is set back and for settling late.
  kept[g] = kind == WINDOW and b + min(b - a, HOUR)
  at = at + 5
end

-- The clock was set back: a bucket gains nothing.
local function restart_bucket(i, c, b)
  local all = numbers[i]
  all[c + 1], all[c + 2] = now, now + ceil(all[c] / b)
  needed[i], changed[i] = max(needed[i], all[c + 2]), true
end

-- The clock was set back: no lease of a living holder ends later than one that begins now.
local function shorten_leases(i, c, latest)
  local entries, kept_entries = left(numbers[i][c]), ''
  for e = 1, #entries, 16 do
    kept_entries = kept_entries .. sub(entries, e, e + 7) .. to_bytes('<d', min(latest, ends_at(entries, e)))
  end
  numbers[i][c], numbers[i][c + 2], changed[i] = kept_entries, latest, true
end

-- Of each limit of the request that is decided: what is missing, used or held, when that is over, and how long until there
-- is room.
local has, over, waits = {}, {}, {}

local function ask_leases(i, c, j, g)
  local ends = c and numbers[i][c + 2] or 0
  if ends <= now then
    has[j], over[j] = 0, now
    return 0
  end
  if ends > now + as[g] then
    ends = now + as[g]
    shorten_leases(i, c, ends)
  end
  local entries = numbers[i][c]
  local first = first_left(entries)
  local held = (#entries - first + 1) / 16
  has[j], over[j] = held, ends
  if held < capacities[g] then
    return 0
  end
  return max(1, ends_at(entries, first + 16 * (held - capacities[g])) - now)
end

-- Asks the limits whose fields begin at first, three later, ... before the end.
local function ask(first, after)
  local has_room, j = true, 1
  for l = first, after - 1, 3 do
    local g, i = input[l], input[l + 1]
    local all = numbers[i] or load(i)
    local c, kind, wait = counter[i][names[g]], kinds[g], 0
    if kind == BUCKET then
      local b, missing = bs[g], 0
      if c then
        local passed = now - all[c + 1]
        missing = all[c]
        if passed < 0 then
          restart_bucket(i, c, b)
        else
          missing = missing - passed * b
          if missing < 0 then missing = 0 end
        end
      end
      has[j], over[j] = missing, missing > 0 and now + ceil(missing / b) or now
      local lacking = missing + (input[l + 2] - capacities[g]) * as[g]
      if lacking > 0 then wait = ceil(lacking / b) end
    elseif kind == WINDOW then
      local used = c and all[c] or 0
      has[j], over[j] = used, used > 0 and bs[g] or now
      if used + input[l + 2] > capacities[g] then wait = max(1, bs[g] - now) end
    else
      wait = ask_leases(i, c, j, g)
    end
    waits[j] = wait
    if wait > 0 and enforced[g] then
      has_room = false
    end
    j = j + 1
  end
  return has_room
end

local function are_current(first, after)
  for l = first, after - 1, 3 do
    if not is_current[input[l]] then
      return false
    end
  end
  return true
end

local function take(first, after, hash)
  local j = 1
  for l = first, after - 1, 3 do
    local g, i = input[l], input[l + 1]
    local kind, c, all, ends = kinds[g], counter[i][names[g]] or add_counter(i, names[g]), numbers[i], nil
    if kind == BUCKET then
      local missing = has[j] + input[l + 2] * as[g]
      ends = now + ceil(missing / bs[g])
      has[j], over[j] = missing, ends
      all[c], all[c + 1] = missing, now
    elseif kind == WINDOW then
      ends = kept[g]
      has[j], over[j] = has[j] + input[l + 2], bs[g]
      all[c] = has[j]
    else
      ends = max(over[j], now + as[g])
      has[j], over[j] = has[j] + 1, ends
      all[c] = with(left(all[c]), hash, now + as[g])
    end
    all[c + 2], changed[i] = ends, true
    if ends > needed[i] then needed[i] = ends end
    j = j + 1
  end
end

local reply, size = { now }, 1
local function tell(code, first, after)
  reply[size + 1] = code
  size = size + 1
  local j = 1
  for l = first, after - 1, 3 do
    local g = input[l]
    local remaining
    if kinds[g] == BUCKET then
      remaining = floor(capacities[g] - has[j] / as[g])
    else
      remaining = capacities[g] - has[j]
    end
    local resets = over[j] - now
    reply[size + 1], reply[size + 2], reply[size + 3] = remaining > 0 and remaining or 0, resets > 0 and resets or 0, waits[j]
    size = size + 3
    j = j + 1
  end
end

for request = 1, input[1] do
  local keep, begins, ends, home, k = input[at], input[at + 1], input[at + 2], input[at + 3], input[at + 4]
  local first, after = at + 5, at + 5 + 3 * k
  local hash = sub(hashes, 8 * request - 7, 8 * request)
  if not numbers[home] then load(home) end
  local record, code = record_of(home, request, hash), nil
  local has_room = ask(first, after)
  if record then
    code = record == 'S' and SETTLED or ADMITTED
    for j = 1, k do waits[j] = 0 end
  elseif (ends > 0 and (now < begins or now >= ends)) or (not all_current and not are_current(first, after)) then
    code = NOT_NOW
  elseif not has_room then
    code = REFUSED
  else
    code = ADMITTED
    if keep > 0 then
      take(first, after, hash)
      if not keep_open(home, hash, now + keep) then
        keep_own(home, request, 'A', now + keep)
      end
    end
  end
  tell(code, first, after)
  at = after
end

write_changed()
return cmsgpack.pack(reply)
