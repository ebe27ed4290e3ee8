-- Says how much of a window that all processes share one of them has: what it has spent, what requests of it wait for,
-- and a little in store. The process says where it stands, not what changed: to hear it again changes nothing, and what
-- a failover lost is known again when each has said it.
--
-- KEYS[1]  a hash: holder = "number units stored", for each process its last question, what it has, and how much of that
--          it had not spent; and the sums of those, total and stored
-- ARGV[1]  the holder: one process, in this window; never one that was used before
-- ARGV[2]  one MessagePack array of whole numbers: when the window begins and ends, its capacity, the part of what is left
--          that one may have in store (64: a 64th), number, units spent, units wanted in store, n, and n times the units
--          that a request needs
-- Answer   one MessagePack array of whole numbers: now, a code, what the holder has, the total, what others have in store
--          code  0 not now: the window is not the current one, 1 done
--
-- A question with a number that is not above the last one's is late or came twice: it changes nothing.
-- What a process has that never says another word stays counted until the window is over: it may have spent it.

local NOT_NOW, DONE = 0, 1
local HOUR = 3600000

local call, format, floor, max, min, match = redis.call, string.format, math.floor, math.max, math.min, string.match

local clock = redis.call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local key, holder = KEYS[1], ARGV[1]
local numbers = cmsgpack.unpack(ARGV[2])
local begins, ends, capacity, share = numbers[1], numbers[2], numbers[3], numbers[4]
local number, spent, wanted, n = numbers[5], numbers[6], numbers[7], numbers[8]

local known = call('HMGET', key, holder, 'total', 'stored')
local last, has, stores = match(known[1] or '', '^(%d+) (%d+) (%d+)$')
last, has, stores = tonumber(last or 0), tonumber(has or 0), tonumber(stores or 0)
local total, stored = tonumber(known[2] or 0), tonumber(known[3] or 0)

local code = begins <= now and now < ends and DONE or NOT_NOW
if code == DONE and number > last then
  local others = total - has
  local left = max(0, capacity - others - spent)
  local gets, is_short = spent, false
  for i = 1, n do
    local units = numbers[8 + i]
    if units <= left then
      gets, left = gets + units, left - units
    else
      is_short = true
    end
  end
  -- Where there is too little for a request, none is put aside.
  local store = is_short and 0 or min(wanted, floor(left / share))
  gets = gets + store
  if gets > 0 or known[1] then
    local is_new = not known[2]
    total, stored = others + gets, stored - stores + store
    has, stores = gets, store
    call('HSET', key, holder, format('%d %d %d', number, has, stores), 'total', format('%d', total),
      'stored', format('%d', stored))
    if is_new then
      -- Kept a while longer, for a clock that is set back.
      call('PEXPIRE', key, format('%d', max(1, ends + min(ends - begins, HOUR) - now)))
    end
  end
end
return cmsgpack.pack({ now, code, has, total, stored - stores })
