-- consume, the twin of core's consume.ts. Equal calls for one key: as many as fit, the first ones.
return answer(function(key, times, blockedUntil, how, a, b, c)
  local units = 0
  if blockedUntil == 0 and capacity > 0 then units = max(0, min(times, floor(remaining(a, b, c) / cost))) * cost end
  if units > 0 then
    local a2, b2, c2 = take(a, b, c, units)
    return units, write(key, how, a2, b2, c2, a, b, c)
  end
  if how ~= MENDED then return 0 end
  if blockedUntil > 0 then return 0, writeBlocked(key, blockedUntil, a, b, c) end
  return 0, write(key, how, a, b, c, a, b, c)
end)
