-- Bars a record until it is reconciled. The twin of core's end.ts.

local function markUnknown(body, request)
  if not body or not isLastHolder(body, request.lease) or (body.state ~= 'in-progress' and body.state ~= 'unknown') then
    return { reply = lost(body) }
  end
  body.state = 'unknown'
  body.unknownAtMs = body.unknownAtMs or now
  body.evidence = request.evidence or body.evidence
  return { write = recordOf(body), reply = { 'ok' } }
end

return answer(function()
  return run(markUnknown, key(), {}, num(), { lease = leaseArguments(), evidence = optional(arg) })
end)
