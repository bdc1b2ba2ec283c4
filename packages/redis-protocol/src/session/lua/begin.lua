-- The fields with which every new session starts: core's create-session.ts.

local function begun(version, payload, idle, absoluteTtl)
  return { version = version, createdAt = now, idle = idle, absolute = absoluteTtl and now + absoluteTtl, payload = payload }
end

local function firstExpiry(idle, absoluteTtl)
  return now + math.min(idle or math.huge, absoluteTtl or math.huge)
end
