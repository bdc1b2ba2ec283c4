-- Adds paid time and paid quota, once per operation: core's credit-session.ts.

-- The latest instant that a JavaScript Date can name.
local LATEST = 8640000000000000

local function credited(s, extendMs)
  if not extendMs then return s.expiresAt end
  local expiresAt = math.max(now, s.expiresAt) + extendMs
  if expiresAt > (s.absolute or LATEST) then fail('DEADLINE') end
  return expiresAt
end

local function creditQuotas(s, added, maxValueBytes)
  if not added then return end
  local quotas = quotasIn(s.quotas)
  local before = #quotas
  for _, grant in ipairs(added) do
    local held = quotaNamed(quotas, grant[1])
    if not held then
      held = { grant[1], '0' }
      quotas[#quotas + 1] = held
    end
    held[2] = sum(held[2], grant[2])
    if less(MOST, held[2]) then fail('QUOTA') end
  end
  if #quotas > before then requireRoom(s.payload, quotas, maxValueBytes) end
  s.quotas = quotasText(quotas)
end

return answer(function()
  local k, o, index, jitter, hash, operation, extendMs = key(), key(), key(), num(), arg(), arg(), num()
  local added, maxValueBytes, creates = quotasArgument(), num(), arg() == '1'
  local version, payload, idle, absoluteTtl
  if creates then version, payload, idle, absoluteTtl = num(), arg(), num(), num() end
  local s = read(k, decode)
  if isApplied(o, operation) then
    if not s then return { 'missing' } end
    return { 'ok', 1, s.expiresAt, s.quotas or false }
  end
  if not s then
    if not creates then return { 'missing' } end
    s = begun(version, payload, idle, absoluteTtl)
    s.expiresAt = extendMs and now or firstExpiry(idle, absoluteTtl)
  end
  s.expiresAt = credited(s, extendMs)
  creditQuotas(s, added, maxValueBytes)
  write(k, s, jitter)
  remember(o, operation, s.expiresAt, jitter)
  if extendMs then join(index, s, hash, jitter) end
  return { 'ok', 0, s.expiresAt, s.quotas or false }
end)
