-- Begins each script about values: the clock, and the one value in which all counters of a caller lie, of an address, or
-- of a limit that all share. A batch reads it once and writes it once, whatever it takes of it: a command of Redis costs
-- more than what is calculated here, and most of all one that makes a key or moves its end.
--
--   value    length of names (16 bits), names, numbers, leases of the first lock, of the second, ..., open, settled
--   names    of the counters, a space between them: rate:LIMIT, quota:LIMIT:WINDOW, budget:LIMIT:WINDOW, lock:LIMIT
--   numbers  doubles: when the key ends, when the last record ends that has a key of its own, bytes of open, bytes of
--            settled, and for each counter
--              rate            units missing, when, when it is full
--              quota, budget   used, 0, when it is forgotten
--              lock            bytes of its leases, 0, when the last of them ends
--   leases, open, settled      entries of 16 bytes in the order of their ends: the hash of a request's id, when it ends
--
-- Little-endian. A request's record is an entry of open while it runs, and of settled when it has ended. Where MOST bytes
-- of them are there already, it is the text of a key of its own: "A" or "S", and when it ends.
--
-- Whatever ends at or before now is absent. Entries that have ended go when another comes; counters that have ended go
-- when the value gets another one, so that those in use stay where they are.
--
-- Times are milliseconds of this server's clock. All numbers are whole and below 2^53, where a double is exact.
-- Nothing but the clock decides what is current: a clock that was set back is seen as no time passed.
-- Numbers are formatted here, because Redis formats a number as a fraction, which takes longer than the command.
--
-- KEYS are first those of the records of n requests, which are 0 or what ARGV says, then those of values. What is known of
-- the i-th value stands at i of tables, not in a table of its own, which would have to be made.

local BUCKET, WINDOW = 1, 2
local HOUR = 3600000
local MOST = 32 * 16
-- A key is kept so much longer than it must be that its end is moved once in that time only.
local LONGER = 30000

local call, format, floor, ceil, max, min = redis.call, string.format, math.floor, math.ceil, math.max, math.min
local find, sub, join = string.find, string.sub, table.concat
local to_bytes, from_bytes = struct.pack, struct.unpack

local clock = redis.call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)

local function whole(number)
  return format('%d', number)
end

-- What values with the same counters have in common.
local shapes = {}
local function shape_of(names)
  local shape = shapes[names]
  if not shape then
    local list, at, locks = {}, {}, {}
    for name in string.gmatch(names, '[^ ]+') do
      list[#list + 1] = name
      at[name] = 2 + 3 * #list
      if sub(name, 1, 5) == 'lock:' then
        locks[#locks + 1] = at[name]
      end
    end
    local size = 4 + 3 * #list
    local doubles = string.rep('d', size)
    shape = {
      names = names, list = list, at = at, locks = locks, size = size, format = '<' .. doubles,
      -- Leases, open, and both parts of settled follow the numbers.
      whole = '<c0' .. doubles .. 'c0c0c0c0', head = to_bytes('<Hc0', #names, names), with = {}
    }
    shapes[names] = shape
  end
  return shape
end

local NO_COUNTERS = shape_of('')

-- texts: as they were read; numbers: as in a value, but the leases themselves where their bytes are told; needed: the
-- earliest end of the key that what was added here allows. Of settled, by far the longest part, nothing is cut out, since
-- Lua hashes each byte of a new string: what was read stands in the text from settled_at on, and is followed by added.
local n, texts, loaded, last_loaded = 0, {}, {}, 0
local shape, counter, numbers, open, needed, changed, grown = {}, {}, {}, {}, {}, {}, {}
local settled_at, added = {}, {}

local function read_values(requests)
  n = requests
  texts = call('MGET', unpack(KEYS, n + 1))
end

local function read(i, text)
  local names, first = from_bytes('<Hc0', text)
  local its = shapes[names] or shape_of(names)
  local all = { from_bytes(its.format, text, first) }
  local at, locks = all[its.size + 1], its.locks
  for l = 1, #locks do
    local size = all[locks[l]]
    all[locks[l]] = size > 0 and sub(text, at, at + size - 1) or ''
    at = at + size
  end
  if at + all[3] + all[4] ~= #text + 1 then
    error('cut off')
  end
  shape[i], counter[i], numbers[i] = its, its.at, all
  open[i] = all[3] > 0 and sub(text, at, at + all[3] - 1) or ''
  settled_at[i] = at + all[3]
  return all
end

local function load(i)
  last_loaded = last_loaded + 1
  loaded[last_loaded] = i
  needed[i], added[i] = 0, ''
  local text = texts[i]
  if text then
    local is_read, all = pcall(read, i, text)
    if is_read then
      return all
    end
    -- Somebody else's, or cut off: an error would fail the other requests of the batch too, and last as long as the key.
  end
  local none = { 0, 0, 0, 0 }
  texts[i] = ''
  shape[i], counter[i], numbers[i], open[i], settled_at[i] = NO_COUNTERS, NO_COUNTERS.at, none, '', 1
  return none
end

-- A counter that value i does not have yet: where its numbers begin.
local function add_counter(i, name)
  local before = shape[i]
  local bigger = before.with[name]
  if not bigger then
    bigger = shape_of(before == NO_COUNTERS and name or before.names .. ' ' .. name)
    before.with[name] = bigger
  end
  shape[i], counter[i], grown[i] = bigger, bigger.at, true
  local all, at = numbers[i], bigger.at[name]
  all[at], all[at + 1], all[at + 2] = sub(name, 1, 5) == 'lock:' and '' or 0, 0, 0
  return at
end

local function drop_counters(i, is_dropped)
  local list, all = shape[i].list, numbers[i]
  local names, kept = {}, { all[1], all[2], 0, 0 }
  for c = 1, #list do
    local at = 2 + 3 * c
    if not is_dropped(list[c], all[at + 2]) then
      names[#names + 1] = list[c]
      local to = 2 + 3 * #names
      kept[to], kept[to + 1], kept[to + 2] = all[at], all[at + 1], all[at + 2]
    end
  end
  if #names < #list then
    shape[i], numbers[i] = shape_of(join(names, ' ')), kept
    counter[i] = shape[i].at
  end
end

local function has_ended(_, ends)
  return ends <= now
end

-- Nothing is asked of it afterwards.
local function write(i)
  if grown[i] then
    drop_counters(i, has_ended)
  end
  local its, all, leases = shape[i], numbers[i], ''
  local locks = its.locks
  for l = 1, #locks do
    local entries = all[locks[l]]
    leases = l == 1 and entries or leases .. entries
    all[locks[l]] = #entries
  end
  -- One that was not read ends at 0.
  local is_moved = needed[i] > all[1]
  if is_moved then
    all[1] = max(needed[i], now) + LONGER
  end
  local before = settled_at[i] <= #texts[i] and sub(texts[i], settled_at[i]) or ''
  all[3], all[4] = #open[i], #before + #added[i]
  local size = its.size
  all[size + 1], all[size + 2], all[size + 3], all[size + 4] = leases, open[i], before, added[i]
  local text = to_bytes(its.whole, its.head, unpack(all, 1, size + 4))
  if is_moved then
    call('SET', KEYS[n + i], text, 'PX', whole(all[1] - now))
  else
    call('SET', KEYS[n + i], text, 'KEEPTTL')
  end
end

local function write_changed()
  for l = 1, last_loaded do
    if changed[loaded[l]] then
      write(loaded[l])
    end
  end
end

-- Entries.

local function find_entry(entries, hash)
  local at = find(entries, hash, 1, true)
  while at and at % 16 ~= 1 do
    at = find(entries, hash, at + 1, true)
  end
  return at
end

local function ends_at(entries, at)
  return (from_bytes('<d', entries, at + 8))
end

-- When the last one ends.
local function last_of(entries)
  return entries == '' and 0 or ends_at(entries, #entries - 15)
end

local function without(entries, at)
  return sub(entries, 1, at - 1) .. sub(entries, at + 16)
end

-- Where the first entry begins that has not ended; 1 past the last if there is none.
local function first_left(entries)
  local at, size = 1, #entries
  while at < size and ends_at(entries, at) <= now do
    at = at + 16
  end
  return at
end

local function left(entries)
  local at = first_left(entries)
  return at == 1 and entries or sub(entries, at)
end

local bytes_of = {}
local function with(entries, hash, ends)
  local bytes = bytes_of[ends]
  if not bytes then
    bytes = to_bytes('<d', ends)
    bytes_of[ends] = bytes
  end
  local size = #entries
  local at = size
  while at > 0 and from_bytes('<d', entries, at - 7) > ends do
    at = at - 16
  end
  if at == size then
    return entries .. hash .. bytes
  end
  return sub(entries, 1, at) .. hash .. bytes .. sub(entries, at + 1)
end

-- Records. The first n KEYS are those that the records of n requests have if they have any.

local own, owns_read = {}, false

-- The text of a request's own key, if value i knows of such keys.
local function own_record(i, request)
  if numbers[i][2] <= now then
    return nil
  elseif not owns_read then
    owns_read = true
    local read = call('MGET', unpack(KEYS, 1, n))
    for r = 1, n do
      own[KEYS[r]] = own[KEYS[r]] or read[r] or nil
    end
  end
  return own[KEYS[request]]
end

-- When the record of a settled request ends; nil if value i has none.
local function settled_until(i, hash)
  local text, from = texts[i], settled_at[i]
  local at = from < #text and find(text, hash, from, true)
  while at and (at - from) % 16 ~= 0 do
    at = find(text, hash, at + 1, true)
  end
  if at then
    return ends_at(text, at)
  end
  at = added[i] ~= '' and find_entry(added[i], hash)
  return at and ends_at(added[i], at)
end

-- What is known of a request, "A", "S" or nil, and where it stands in open[i] if it does.
local function record_of(i, request, hash)
  local ends = settled_until(i, hash)
  if ends and ends > now then
    return 'S', nil
  end
  local entries = open[i]
  local at = entries ~= '' and find_entry(entries, hash)
  if at and ends_at(entries, at) > now then
    return 'A', at
  end
  local text = own_record(i, request)
  if text and tonumber(sub(text, 2)) > now then
    return sub(text, 1, 1), nil
  end
  return nil, nil
end

local function drop_settled(i)
  local text, at = texts[i], settled_at[i]
  while at < #text and ends_at(text, at) <= now do
    at = at + 16
  end
  settled_at[i] = at
end

-- Whether value i has room for the record of one request more.
local function has_room_for_record(i)
  if #open[i] + #texts[i] + 1 - settled_at[i] + #added[i] < MOST then
    return true
  end
  open[i] = left(open[i])
  drop_settled(i)
  return #open[i] + #texts[i] + 1 - settled_at[i] + #added[i] < MOST
end

-- Keeps the record of a running request in value i; false if there is no room for it.
local function keep_open(i, hash, ends)
  if not has_room_for_record(i) then
    return false
  end
  open[i] = with(left(open[i]), hash, ends)
  needed[i], changed[i] = max(needed[i], ends), true
  return true
end

-- Keeps the record of a settled request in value i; false if there is no room for it.
local function keep_settled(i, hash, ends)
  if not has_room_for_record(i) then
    return false
  end
  drop_settled(i)
  local text, at = texts[i], settled_at[i]
  if added[i] == '' and at < #text and ends_at(text, #text - 15) > ends then
    -- The clock was set back.
    added[i], settled_at[i] = sub(text, at), #text + 1
  end
  added[i] = with(added[i], hash, ends)
  needed[i], changed[i] = max(needed[i], ends), true
  return true
end

local function keep_own(i, request, letter, ends)
  local key = KEYS[request]
  own[key] = letter .. whole(ends)
  call('SET', key, own[key], 'PX', whole(ends - now))
  numbers[i][2] = max(numbers[i][2], ends)
  needed[i], changed[i] = max(needed[i], ends), true
end
