-- Reads a record without its lease. The twin of core's peek.ts.

-- The payload and the reference come first: false where there is none.
local function look(body)
  local phase = phaseOf(body)
  if phase == 'absent' then return { false, false, 'absent' } end
  local payment = body.payment or { payload = '' }
  local reply = view(body, phase)
  table.insert(reply, 1, payment.payload ~= '' and payment.payload)
  table.insert(reply, 2, phase == 'expired' and payment.reference or false)
  return reply
end

return answer(function()
  return look(readBody(key()))
end)
