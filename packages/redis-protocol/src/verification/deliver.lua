-- Records that a settled payment's result is handed over. The twin of core's settle.ts.

local function deliver(body, delivery, kept)
  local state = body and body.state
  if state == 'delivered' then return comesSecond(body, delivery, kept) end
  if state ~= 'settled' then return { reply = lost(body) } end
  if isUndone(body, delivery.token) then return { reply = { 'settled', body.value, 0, keptIn(kept) } } end
  return handOver(body, delivery, kept)
end

return answer(function()
  return run(deliver, key(), { key = key() }, num(), deliveryArguments())
end)
