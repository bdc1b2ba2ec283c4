-- Records a receipt, and where wanted its delivery. The twin of core's settle.ts.

return answer(function()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  return run(settle, recordKey, kept, jitter, {
    receipt = arg(), fingerprint = optional(arg), payment = optional(paymentArguments), retainUntilMs = optional(num),
    lease = optional(leaseArguments), deliver = optional(deliveryArguments),
  })
end)
