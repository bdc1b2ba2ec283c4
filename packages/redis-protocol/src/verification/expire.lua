-- Ends a payment without a settlement.

return answer(function()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  return run(expire, recordKey, kept, jitter, { reason = arg(), lease = optional(leaseArguments) })
end)
