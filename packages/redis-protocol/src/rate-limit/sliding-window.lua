-- Sliding window counter, the twin of core's sliding-window.ts. A record is 1, the window's index in 13
-- digits, the units taken in it in 16 digits, and those taken in the window before.

--# state
index, current, previous

--# terms

--# read
local index, current, previous = floor(now / window), 0, 0
if raw and found ~= 'corrupt' then
  local storedIndex, storedCurrent, storedPrevious = tonumber(raw:sub(2, 14)), tonumber(raw:sub(15, 30)), tonumber(raw:sub(31))
  if not (storedIndex and storedCurrent and storedPrevious) then
    found = 'corrupt'
  elseif storedIndex > index then
    current = math.max(storedCurrent, storedPrevious, math.min(storedCurrent + storedPrevious, 2 * limit))
    found = 'mended'
  elseif storedIndex == index then
    current, previous = storedCurrent, storedPrevious
  else
    if storedIndex == index - 1 then previous = storedCurrent end
    found = 'changed'
  end
end

--# left
limit - current - ceil(previous * (window - (now - index * window)) / window)

--# take
current = current + units

--# back
if mark == index and amount > 0 and current > 0 then
  current, given = math.max(0, current - amount), true
end

--# over
current == 0 and previous == 0

--# end
(current > 0 and index + 2 or index + 1) * window

--# record
string.format('1%013.0f%016.0f%.0f', index, current, previous)

--# write
-- Once something was taken in this window, its end stays where it is.
if found == 'stored' and current > units and raw:find(DIGITS) then
  written = redis.pcall('SET', key, ${record}, 'KEEPTTL')
else
  ${set}
end
