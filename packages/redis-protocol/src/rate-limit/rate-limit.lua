-- Rate limits: core's transitions (packages/core/src/rate-limit), line for line where it can be.
--
-- A record is FORMAT, a letter, then big-endian 8-byte integers: the block's end if the letter is upper case, and the
-- state: f count end | s index current previous | t tat (microseconds). A letter b is a block alone.

local LETTER = { fw = 'f', sw = 's', tb = 't' }

-- Reads a call's policy: algorithm, limit, capacity, window, cost; for token buckets interval and tolerance in us.
local function policy()
  local p = { tag = arg(), limit = num(), capacity = num(), window = num(), cost = num() }
  p.interval, p.tolerance = num(), num()
  return p
end

local fw, sw, tb = {}, {}, {}
local ALGORITHM = { fw = fw, sw = sw, tb = tb }

function fw.read(p, count, ends)
  if count then
    local left = ends - now
    if left > 0 and left <= 2 * p.window then return { count, ends } end
  end
  return { 0, now + p.window }
end
function fw.remaining(p, s) return p.limit - s[1] end
function fw.take(p, s, cost) return { s[1] + cost, s[2] } end
function fw.wait(p, s) return s[2] - now end
function fw.reset(p, s) return s[1] == 0 and 0 or s[2] - now end
function fw.receipt(p, after, taken) return taken, after[2] end
function fw.back(p, s, amount, mark)
  if mark ~= s[2] or amount == 0 or s[1] == 0 then return s end
  return { math.max(0, s[1] - amount), s[2] }
end

function sw.read(p, index, current, previous)
  local here = math.floor(now / p.window)
  if index then
    local age = here - index
    if age == 0 then return { index, current, previous } end
    if age == 1 then return { here, 0, current } end
    if age == -1 and current == 0 then return { here, previous, 0 } end
  end
  return { here, 0, 0 }
end
function sw.remaining(p, s)
  local elapsed = now - s[1] * p.window
  return p.limit - s[2] - math.ceil(s[3] * (p.window - elapsed) / p.window)
end
function sw.take(p, s, cost) return { s[1], s[2] + cost, s[3] } end
function sw.wait(p, s, cost)
  local untilNext = (s[1] + 1) * p.window - now
  local room = p.limit - cost - s[2]
  if room >= 0 then return untilNext - math.floor(room * p.window / s[3]) end
  return untilNext + p.window - math.floor((p.limit - cost) * p.window / s[2])
end
function sw.reset(p, s)
  if s[2] > 0 then return (s[1] + 2) * p.window - now end
  return s[3] > 0 and (s[1] + 1) * p.window - now or 0
end
function sw.receipt(p, after, taken) return taken, after[1] end
function sw.back(p, s, amount, mark)
  if mark ~= s[1] or amount == 0 or s[2] == 0 then return s end
  return { s[1], math.max(0, s[2] - amount), s[3] }
end

function tb.read(p, tat)
  local nowUs = now * 1000
  if tat then
    local ahead = tat - nowUs
    if ahead > 0 and ahead <= 2 * math.max(p.tolerance, p.window * 1010) then return { tat } end
  end
  return { nowUs }
end
function tb.remaining(p, s)
  if p.interval == 0 then return 0 end
  return math.floor((p.tolerance - (s[1] - now * 1000)) / p.interval)
end
function tb.take(p, s, cost) return { s[1] + p.interval * cost } end
function tb.wait(p, s, cost) return math.ceil((s[1] - now * 1000 - (p.tolerance - p.interval * cost)) / 1000) end
function tb.reset(p, s) return math.ceil((s[1] - now * 1000) / 1000) end
function tb.receipt(p, after, taken) return p.interval * taken, after[1] end
function tb.back(p, s, amount, mark)
  local nowUs = now * 1000
  local given = math.min(amount, mark - nowUs, s[1] - nowUs)
  if given > 0 then return { s[1] - given } end
  return s
end

-- The state under a policy and the rest of a block in milliseconds. `stored`: whether the key exists.
local function read(k, p)
  local raw = redis.call('GET', k)
  local algorithm = ALGORITHM[p.tag]
  if not raw then return algorithm.read(p), 0, false end
  local form, letter = string.byte(raw, 1, 2)
  if form ~= FORMAT or not letter then fail('CORRUPT') end
  letter = string.char(letter)
  local lower = string.lower(letter)
  local width = ({ b = 0, f = 2, s = 3, t = 1 })[lower]
  local blocked = (lower == 'b' or letter ~= lower) and 1 or 0
  if not width or #raw ~= 2 + 8 * (blocked + width) or (lower ~= 'b' and lower ~= LETTER[p.tag]) then fail('CORRUPT') end
  local at, blockedMs = 3, 0
  if blocked == 1 then
    blockedMs = math.max(0, struct.unpack('>I8', raw, at) - now)
    at = at + 8
  end
  if width == 0 then return algorithm.read(p), blockedMs, true end
  if width == 1 then return algorithm.read(p, (struct.unpack('>I8', raw, at))), blockedMs, true end
  if width == 2 then
    local a, b = struct.unpack('>I8I8', raw, at)
    return algorithm.read(p, a, b), blockedMs, true
  end
  local a, b, c = struct.unpack('>I8I8I8', raw, at)
  return algorithm.read(p, a, b, c), blockedMs, true
end

local function write(k, p, s, blockedMs, jitter)
  local resetMs = ALGORITHM[p.tag].reset(p, s)
  if resetMs == 0 and blockedMs == 0 then
    redis.call('DEL', k)
    wrote = true
    return
  end
  local letter, block = LETTER[p.tag], ''
  if blockedMs > 0 then
    block = struct.pack('>I8', now + blockedMs)
    letter = resetMs == 0 and 'b' or string.upper(letter)
  end
  local state = ''
  if resetMs > 0 then
    for i = 1, #s do state = state .. struct.pack('>I8', s[i]) end
  end
  local value = string.char(FORMAT) .. letter .. block .. state
  redis.call('SET', k, value, 'PX', px(now + math.max(resetMs, blockedMs), jitter))
  wrote = true
end

-- allowed, remaining, retryAfter (-1: never), reset, receipt's amount (-1: none) and mark
local function decide(p, s, blockedMs)
  if p.capacity == 0 then return { 0, 0, -1, 0, -1, 0 } end
  local algorithm = ALGORITHM[p.tag]
  local remaining = algorithm.remaining(p, s)
  local fits = p.cost <= remaining
  local retryAfter = blockedMs
  if p.cost > p.capacity then
    retryAfter = -1
  elseif not fits then
    retryAfter = math.max(blockedMs, algorithm.wait(p, s, p.cost))
  end
  return {
    fits and blockedMs == 0 and 1 or 0,
    blockedMs > 0 and 0 or math.max(0, remaining),
    retryAfter,
    math.max(blockedMs, algorithm.reset(p, s)),
    -1,
    0,
  }
end

local function signed(reply, p, after, taken)
  reply[5], reply[6] = ALGORITHM[p.tag].receipt(p, after, taken)
  return reply
end

-- The answer of consuming, and the state that it would leave (nil: nothing is taken).
local function consumed(p, s, blockedMs)
  local before = decide(p, s, blockedMs)
  if before[1] == 0 or p.cost == 0 then return before, nil end
  local algorithm = ALGORITHM[p.tag]
  local after = algorithm.take(p, s, p.cost)
  return signed({ 1, before[2] - p.cost, 0, algorithm.reset(p, after), -1, 0 }, p, after, p.cost), after
end

local operations = {}

function operations.consume()
  local k, jitter, p = key(), num(), policy()
  local s, blockedMs = read(k, p)
  local reply, after = consumed(p, s, blockedMs)
  if after then write(k, p, after, 0, jitter) end
  return reply
end

function operations.peek()
  local k, _, p = key(), num(), policy()
  return decide(p, read(k, p))
end

function operations.charge()
  local k, jitter, p = key(), num(), policy()
  local s, blockedMs = read(k, p)
  local before = decide(p, s, blockedMs)
  local taken = math.min(p.cost, ALGORITHM[p.tag].remaining(p, s) + p.capacity)
  if taken <= 0 then return before end
  local after = ALGORITHM[p.tag].take(p, s, taken)
  local reply = decide(p, after, blockedMs)
  if before[1] == 1 then reply[1], reply[3] = 1, 0 end
  write(k, p, after, blockedMs, jitter)
  return signed(reply, p, after, taken)
end

function operations.refund()
  local k, jitter, p, amount, mark = key(), num(), policy(), num(), num()
  local s, blockedMs = read(k, p)
  local after = ALGORITHM[p.tag].back(p, s, amount, mark)
  if after ~= s then
    -- A refund prolongs nothing, not even by drawing a new spread.
    local left = redis.call('PTTL', k)
    write(k, p, after, blockedMs, jitter)
    if left > 0 and redis.call('PTTL', k) > left then redis.call('PEXPIRE', k, left) end
  end
  return decide(p, after, blockedMs)
end

function operations.block()
  local k, jitter, p, duration = key(), num(), policy(), num()
  local s, blockedMs = read(k, p)
  if blockedMs < duration then write(k, p, s, duration, jitter) end
  return {}
end

-- True if there was a live record. An unreadable one is deleted too.
function operations.reset()
  local k, _, p = key(), num(), policy()
  local readable, s, blockedMs, stored = pcall(read, k, p)
  redis.call('DEL', k)
  if not readable then return { 1 } end
  return { stored and (blockedMs > 0 or ALGORITHM[p.tag].reset(p, s) > 0) and 1 or 0 }
end

-- All or nothing over several records. Each has its key and the policies of its checks. `taking` 0: only peeks.
function operations.consumeAll()
  local jitter, taking, groups, allowed = num(), num() == 1, {}, true
  for i = 1, num() do
    local group = { key = key() }
    for j = 1, num() do group[j] = policy() end
    groups[i] = group
  end
  local replies, writes = {}, {}
  for i, group in ipairs(groups) do
    local decisions, longest = {}, group[1]
    for j, p in ipairs(group) do
      local s, blockedMs = read(group.key, p)
      local alone = consumed(p, s, blockedMs)
      alone[5], alone[6] = -1, 0
      decisions[j] = alone
      allowed = allowed and alone[1] == 1
      if p.tolerance > longest.tolerance then longest = p end
    end
    replies[i] = decisions
    if allowed then
      local algorithm, takes = ALGORITHM[longest.tag], false
      local s = read(group.key, longest)
      group.receipts = {}
      for j, p in ipairs(group) do
        if p.cost > 0 then
          takes = true
          s = algorithm.take(p, s, p.cost)
          group.receipts[j] = { algorithm.receipt(p, s, p.cost) }
        end
      end
      local strictest = group[1]
      for _, p in ipairs(group) do
        if algorithm.remaining(p, s) < algorithm.remaining(strictest, s) then strictest = p end
      end
      if algorithm.remaining(strictest, s) < 0 then allowed = false end
      if takes then writes[#writes + 1] = { group.key, strictest, s } end
    end
  end
  if allowed and taking then
    for _, w in ipairs(writes) do write(w[1], w[2], w[3], 0, jitter) end
    for i, group in ipairs(groups) do
      for j, receipt in pairs(group.receipts) do
        replies[i][j][5], replies[i][j][6] = receipt[1], receipt[2]
      end
    end
  end
  return { allowed and 1 or 0, replies }
end

return answer(operations)
