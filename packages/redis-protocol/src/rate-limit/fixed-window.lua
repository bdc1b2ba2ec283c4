-- Fixed window, the twin of core's fixed-window.ts. A record is 1, the count in five digits or more, and the window's end
-- in thirteen. Up to a count of 99,999 Redis holds that as one integer, and INCRBY raises it in place.

--# state
count, ends

--# terms

--# read
local count, ends = 0, now + window
if raw and found ~= 'corrupt' then
  local storedCount, storedEnd = tonumber(raw:sub(2, -14)), tonumber(raw:sub(-13))
  if not (storedCount and storedEnd) then
    found = 'corrupt'
  elseif storedEnd <= now then
    found = 'changed'
  elseif storedEnd > now + 2 * window then
    count, found = storedCount, 'mended'
  else
    count, ends = storedCount, storedEnd
  end
end

--# left
limit - count

--# take
count = count + units

--# back
if mark == ends and amount > 0 and count > 0 then
  count, given = math.max(0, count - amount), true
end

--# over
count == 0

--# end
ends

--# record
string.format('1%05.0f%013.0f', count, ends)

--# write
-- INCRBY takes nothing but digits, so it need not be looked at before. Lua takes long to write a number as text.
if found == 'stored' and count <= 99999 and #raw == 19 then
  written = redis.pcall('INCRBY', key, (units == cost and costText or units) .. '0000000000000')
  if type(written) == 'table' and written.err:find('not an integer', 1, true) then written = { err = 'CORRUPT' } end
else
  ${set}
end
