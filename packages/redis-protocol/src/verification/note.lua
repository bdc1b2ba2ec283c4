-- A working holder keeps evidence. The twin of core's hold.ts.

local function note(body, request)
  local phase = phaseOf(body)
  if (phase ~= 'held' and phase ~= 'unknown') or not isLastHolder(body, request.lease) then
    return { reply = lost(body) }
  end
  body.evidence = request.evidence
  return { write = recordOf(body), reply = { 'ok' } }
end

return answer(function()
  return run(note, key(), {}, num(), { lease = leaseArguments(), evidence = arg() })
end)
