-- charge, the twin of core's charge.ts: down to minus the capacity. Equal calls for one key take one after the other.
return answer(function(key, times, blockedUntil, how, a, b, c)
  local units = max(0, min(times * cost, remaining(a, b, c) + capacity))
  if capacity == 0 then units = 0 end
  if units == 0 and how ~= MENDED then return 0 end
  local a2, b2, c2 = a, b, c
  if units > 0 then a2, b2, c2 = take(a, b, c, units) end
  if blockedUntil > 0 then return units, writeBlocked(key, blockedUntil, a2, b2, c2) end
  return units, write(key, how, a2, b2, c2, a, b, c)
end)
