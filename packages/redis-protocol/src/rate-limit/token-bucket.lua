-- Token bucket, the twin of core's token-bucket.ts: GCRA on integer microseconds. A record is 1, the theoretical
-- arrival time in 16 digits, and how far ahead of now that was allowed to be when something was taken.

--# state
tat, ahead

--# terms
local nowUs, interval, tolerance = now * 1000, window, window * limit

--# read
local tat, ahead = nowUs, 0
if raw and found ~= 'corrupt' then
  local storedTat, storedAhead = tonumber(raw:sub(2, 17)), tonumber(raw:sub(18))
  if not (storedTat and storedAhead) then
    found = 'corrupt'
  elseif storedTat > nowUs + storedAhead then
    tat, ahead, found = nowUs + storedAhead, storedAhead, 'mended'
  elseif storedTat > nowUs then
    tat, ahead = storedTat, storedAhead
  else
    found = 'changed'
  end
end

--# left
interval == 0 and 0 or floor((tolerance - (tat - nowUs)) / interval)

--# take
tat = tat + interval * units
ahead = math.max(tolerance, tat - nowUs)

--# back
local most = math.min(amount, mark - nowUs, tat - nowUs)
if most > 0 then
  tat, given = tat - most, true
end

--# over
tat <= nowUs

--# end
now + ceil((tat - nowUs) / 1000)

--# record
string.format('1%016.0f%.0f', tat, ahead)

--# write
${set}
