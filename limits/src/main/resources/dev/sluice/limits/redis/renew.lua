-- Renews requests that still run: their leases begin again, and their records are kept for as long as at first.
--
-- KEYS   1 .. n    the keys that the requests' records have where there is no room for them in a value
--        n+1 ..    values
-- ARGV   1         one MessagePack array of whole numbers: n, then for each request: milliseconds its record is kept, the
--                  value of its record, k, and k times the number of a value, of a lock's name, and its lease; values are
--                  numbered from 1
--        2         the hashes of the requests' ids, 8 bytes each
--        3 ..      names of locks
-- Answer for each request 1 if its record is kept longer, or 0: it is settled or forgotten
--
-- A slot whose lease has ended is not taken again: it may be somebody else's by now.

local input, hashes = cmsgpack.unpack(ARGV[1]), ARGV[2]
read_values(input[1])

local function renew_record(home, request, hash, ends)
  local record, open_at = record_of(home, request, hash)
  if record ~= 'A' then
    return 0
  elseif open_at then
    open[home] = with(without(open[home], open_at), hash, ends)
    needed[home], changed[home] = max(needed[home], ends), true
  else
    keep_own(home, request, 'A', ends)
  end
  return 1
end

local function renew_lease(i, name, hash, ends)
  local c = counter[i][name]
  local at = c and find_entry(numbers[i][c], hash)
  if at and ends_at(numbers[i][c], at) > now then
    local entries = with(without(numbers[i][c], at), hash, ends)
    numbers[i][c], numbers[i][c + 2] = entries, last_of(entries)
    needed[i], changed[i] = max(needed[i], last_of(entries)), true
  end
end

local reply, at = {}, 2
for request = 1, n do
  local keep, home, k = input[at], input[at + 1], input[at + 2]
  local hash = sub(hashes, 8 * request - 7, 8 * request)
  if not numbers[home] then load(home) end
  reply[request] = renew_record(home, request, hash, now + keep)
  for f = at + 3, at + 2 + 3 * k, 3 do
    if not numbers[input[f]] then load(input[f]) end
    renew_lease(input[f], ARGV[2 + input[f + 1]], hash, now + input[f + 2])
  end
  at = at + 3 + 3 * k
end

write_changed()
return reply
