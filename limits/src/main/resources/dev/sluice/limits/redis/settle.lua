-- Settles requests: frees their leases and corrects what they reserved to what they used, each request once.
--
-- KEYS   1 .. n    the keys that the requests' records have where there is no room for them in a value
--        n+1 ..    values
-- ARGV   1         one MessagePack array of whole numbers: n, milliseconds a settled record is kept, then for each
--                  request: the value of its record, k, and k times the number of a value, of a counter's name, kind,
--                  delta, a, b; values are numbered from 1
--             1 bucket        delta tokens more; a units make a token, b units are gained in a millisecond
--             2 window        delta units more
--             3 concurrency   frees the request's lease
--        2         the hashes of the requests' ids, 8 bytes each
--        3 ..      names of counters
-- Answer how many were settled now
--
-- A request without a record is marked settled too: its admission may still be on its way, and must then count nothing.
-- It gives nothing back, for nobody knows whether it took anything.

local LARGEST = 9007199254740992

local input, hashes = cmsgpack.unpack(ARGV[1]), ARGV[2]
local kept = input[2]
read_values(input[1])

local function free_lease(i, name, hash)
  local c = counter[i][name]
  local at = c and find_entry(numbers[i][c], hash)
  if at then
    local entries = without(numbers[i][c], at)
    numbers[i][c], numbers[i][c + 2], changed[i] = entries, last_of(entries), true
  end
end

local function correct_bucket(i, name, delta, a, b)
  local c, all = counter[i][name] or add_counter(i, name), numbers[i]
  local missing = max(0, all[c] - max(0, now - all[c + 1]) * b)
  missing = min(LARGEST, max(0, missing + delta * a))
  all[c], all[c + 1], all[c + 2] = missing, now, now + ceil(missing / b)
  needed[i], changed[i] = max(needed[i], all[c + 2]), true
end

local function correct_window(i, name, delta)
  local c, all = counter[i][name], numbers[i]
  if c then
    all[c], changed[i] = min(LARGEST, max(0, all[c] + delta)), true
  end
end

local function mark_settled(home, request, hash, open_at)
  if open_at then
    open[home], changed[home] = without(open[home], open_at), true
  end
  -- One that has a key keeps it: the key would say again that it runs when the entry has ended.
  if own_record(home, request) or not keep_settled(home, hash, now + kept) then
    keep_own(home, request, 'S', now + kept)
  end
end

local settled_now, at = 0, 3
for request = 1, n do
  local home, k = input[at], input[at + 1]
  local hash = sub(hashes, 8 * request - 7, 8 * request)
  if not numbers[home] then load(home) end
  local record, open_at = record_of(home, request, hash)
  if record ~= 'S' then
    settled_now = settled_now + 1
    mark_settled(home, request, hash, open_at)
    for f = at + 2, at + 1 + 6 * k, 6 do
      local i, name, kind, delta = input[f], ARGV[2 + input[f + 1]], input[f + 2], input[f + 3]
      if not numbers[i] then load(i) end
      if kind ~= BUCKET and kind ~= WINDOW then
        free_lease(i, name, hash)
      elseif record or delta > 0 then
        if kind == BUCKET then
          correct_bucket(i, name, delta, input[f + 4], input[f + 5])
        else
          correct_window(i, name, delta)
        end
      end
    end
  end
  at = at + 2 + 6 * k
end

write_changed()
return settled_now
