-- Spends from a quota, never below zero: core's debit-session.ts.

return answer(function()
  local k, o, jitter, name, amount, operation = key(), key(), num(), arg(), arg(), arg()
  local s, raw = read(k, layoutOf)
  if not s then return { 'missing' } end
  local quotas = quotasIn(s.quotas)
  local held = quotaNamed(quotas, name)
  local left = held and held[2] or '0'
  if operation ~= '' and isApplied(o, operation) then return { 'ok', left, 1 } end
  if less(left, amount) then return { 'insufficient', left, 0 } end
  held[2] = difference(left, amount)
  local text = quotasText(quotas)
  raw = string.sub(raw, 1, s.quotasAt - 1) .. characters(#text, QUOTAS_SIZE) .. text .. string.sub(raw, s.payloadAt)
  redis.call('SET', k, raw, 'KEEPTTL')
  wrote = true
  if operation ~= '' then remember(o, operation, s.expiresAt, jitter) end
  return { 'ok', held[2], 0 }
end)
