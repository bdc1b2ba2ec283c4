-- consumeAll, the twin of core's consume-all.ts: several costs, all or nothing. Calls about the same limits travel together,
-- one decided after the other.
--
-- ARGV: the instant; the spread of physical expiry; 1 to take, 0 to look only; how many keys a call has; then for each of
-- its keys how many limits, and each with its algorithm, limit, window and cost as in limit-call.lua. KEYS: those of each
-- call in turn. The reply: the instant; for each call 1, 0, or an error's text after a "!"; and the records that were
-- found, key by key.
local spread, taking, keysEach = tonumber(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4])
local floor, ceil, DIGITS = math.floor, math.ceil, '^1%d+$'
${algorithms}
-- The limits on each key of a call. They may differ; the widest remembers most.
local places, at = {}, 5
for n = 1, keysEach do
  local place = { sum = 0 }
  for nth = 1, tonumber(ARGV[at]) do
    local one = {
      of = ALGORITHMS[ARGV[at + 1]], limit = tonumber(ARGV[at + 2]), window = tonumber(ARGV[at + 3]), cost = tonumber(ARGV[at + 4])
    }
    if not place.widest or one.of.reach(one) > place.widest.of.reach(place.widest) then place.widest = one end
    place[nth], place.sum = one, place.sum + one.cost
    at = at + 4
  end
  place.sumText = string.format('%.0f', place.sum)
  places[n], at = place, at + 1
end

-- All costs on one record: the state before and after, and whether they fit together.
local function look(place, key, raw)
  local ${block}
  -- Before anything is written. A record of another type reads as none; PTTL tells of any.
  if raw and not raw:find(DIGITS) or not found and redis.call('PTTL', key) ~= -2 then found = 'corrupt' end
  if found == 'corrupt' then return { found = found } end
  local widest, fits, a, b, c = place.widest, blockedUntil == 0, nil, nil, nil
  local of = widest.of
  for nth, one in ipairs(place) do
    found, a, b, c = of.read(raw, found, one.limit, one.window)
    if found == 'corrupt' then return { found = found } end
    if one.limit == 0 or of.left(one.limit, one.window, a, b, c) < one.cost then fits = false end
  end
  if place[2] then found, a, b, c = of.read(raw, found, widest.limit, widest.window) end
  local plan = { raw = raw, found = found, blockedUntil = blockedUntil, fits = fits, a = a, b = b, c = c }
  if not fits then return plan end
  for _, one in ipairs(place) do
    if one.cost > 0 then a, b, c = of.take(one.limit, one.window, one.cost, a, b, c) end
  end
  if place[2] then
    a, b, c = of.take(widest.limit, widest.window, 0, a, b, c)
    for _, one in ipairs(place) do
      if of.left(one.limit, one.window, a, b, c) < 0 then plan.fits = false end
    end
  end
  plan.afterA, plan.afterB, plan.afterC = a, b, c
  return plan
end

local function write(place, key, plan, units, a, b, c)
  local one = place.widest
  return one.of.write(
    key, plan.raw, plan.found, plan.blockedUntil, one.limit, one.window, units, place.sum, place.sumText, a, b, c
  )
end

local answers, records, wrote = {}, {}, false
for from = 0, #KEYS - 1, keysEach do
  local plans, allowed, failed = {}, true, nil
  local raws = redis.call('MGET', unpack(KEYS, from + 1, from + keysEach))
  for n, place in ipairs(places) do
    local plan = look(place, KEYS[from + n], raws[n])
    if plan.found == 'corrupt' then failed = 'CORRUPT' end
    plans[n], records[from + n], allowed = plan, raws[n], allowed and plan.fits
  end
  for n, place in ipairs(failed and {} or places) do
    local plan, key, written = plans[n], KEYS[from + n], nil
    if allowed and taking and place.sum > 0 then
      written = write(place, key, plan, place.sum, plan.afterA, plan.afterB, plan.afterC)
    elseif not allowed and place.sum > 0 and plan.found == 'mended' then
      written = write(place, key, plan, 0, plan.a, plan.b, plan.c)
    end
    if type(written) == 'table' and written.err then failed = failed or written.err else wrote = wrote or written end
  end
  answers[#answers + 1] = failed and '!' .. failed or (allowed and 1 or 0)
end
${refusing}
return { now, answers, records }
