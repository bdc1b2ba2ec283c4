-- Reads a record without its lease. The twin of core's peek.ts.

-- The payload comes first: false where there is none.
local function look(body)
  local phase = phaseOf(body)
  if phase == 'absent' then return { false, 'absent' } end
  local payload = body.payment and body.payment.payload or ''
  local reply = view(body, phase)
  table.insert(reply, 1, payload ~= '' and payload)
  return reply
end

return answer(function()
  return look(readBody(key()))
end)
