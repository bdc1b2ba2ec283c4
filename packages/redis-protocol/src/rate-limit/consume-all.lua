-- consumeAll, the twin of core's consume-all.ts: several costs, all or nothing. Several calls travel together, one decided
-- after the other.
--
-- ARGV: the instant; the spread of physical expiry; 1 to take, 0 to look only; how many limits there are, and each with
-- its algorithm, limit, window and cost as in limit-call.lua; then for each call how many keys it has, and for each key
-- how many limits and their numbers. The reply: the instant; for each call 1, 0, or an error's text after a "!"; and the
-- records that were found, key by key.
local spread, taking, limits = tonumber(ARGV[2]), ARGV[3] == '1', {}
local floor, ceil = math.floor, math.ceil
${algorithms}
local at = 4
for n = 1, tonumber(ARGV[4]) do
  limits[n] = {
    of = ALGORITHMS[ARGV[at + 1]], limit = tonumber(ARGV[at + 2]), window = tonumber(ARGV[at + 3]), cost = tonumber(ARGV[at + 4])
  }
  at = at + 4
end
local function argument()
  at = at + 1
  return tonumber(ARGV[at])
end

-- All costs on one record: the state before and after, and whether they fit together. Limits and bursts may differ; the
-- widest remembers most.
local function look(key, raw, count)
  local ${block}
  local own, widest = {}, nil
  for n = 1, count do
    own[n] = limits[argument()]
    if not widest or own[n].of.reach(own[n]) > widest.of.reach(widest) then widest = own[n] end
  end
  -- A record of another type reads as none. PTTL tells of any, before anything is written.
  if not found and redis.call('PTTL', key) ~= -2 then found = 'corrupt' end
  local plan = { key = key, found = found, blockedUntil = blockedUntil, limit = widest, fits = blockedUntil == 0, takes = false }
  if found == 'corrupt' then return plan end
  local of, a, b, c = widest.of, nil, nil, nil
  for _, one in ipairs(own) do
    plan.found, a, b, c = of.read(raw, found, one.limit, one.window)
    if plan.found == 'corrupt' then return plan end
    if one.limit == 0 or of.left(one.limit, one.window, a, b, c) < one.cost then plan.fits = false end
    if one.cost > 0 then plan.takes = true end
  end
  plan.found, a, b, c = of.read(raw, found, widest.limit, widest.window)
  plan.before = { a, b, c }
  for _, one in ipairs(own) do
    if one.cost > 0 then a, b, c = of.take(one.limit, one.window, one.cost, a, b, c) end
  end
  a, b, c = of.take(widest.limit, widest.window, 0, a, b, c)
  plan.after = { a, b, c }
  for _, one in ipairs(own) do
    if of.left(one.limit, one.window, a, b, c) < 0 then plan.fits = false end
  end
  return plan
end

local function write(plan, state)
  local limit = plan.limit
  return limit.of.set(plan.key, plan.found, plan.blockedUntil, limit.limit, limit.window, state[1], state[2], state[3])
end

local keyAt, answers, records, wrote = 0, {}, {}, false
while at < #ARGV do
  local count, plans, allowed, failed = argument(), {}, true, nil
  local raws = redis.call('MGET', unpack(KEYS, keyAt + 1, keyAt + count))
  for n = 1, count do
    local plan = look(KEYS[keyAt + n], raws[n], argument())
    if plan.found == 'corrupt' then failed = 'CORRUPT' end
    plans[n], records[keyAt + n], allowed = plan, raws[n], allowed and plan.fits
  end
  for _, plan in ipairs(failed and {} or plans) do
    local written = nil
    if allowed and taking and plan.takes then written = write(plan, plan.after) end
    if not allowed and plan.takes and plan.found == 'mended' then written = write(plan, plan.before) end
    if type(written) == 'table' and written.err then failed = failed or written.err else wrote = wrote or written end
  end
  keyAt = keyAt + count
  answers[#answers + 1] = failed and '!' .. failed or (allowed and 1 or 0)
end
${refusing}
return { now, answers, records }
