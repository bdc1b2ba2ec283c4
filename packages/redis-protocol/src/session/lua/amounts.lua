-- Quotas go to 2^63-1, beyond what a double holds: decimal text, computed as two numbers of 9 and 10 digits.

local MOST = '9223372036854775807'

local function limbs(digits)
  return tonumber(string.sub(digits, 1, -11)) or 0, tonumber(string.sub(digits, -10))
end

local function digits(high, low)
  if high == 0 then return int(low) end
  return int(high) .. string.format('%010.0f', low)
end

local function less(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  return ah < bh or (ah == bh and al < bl)
end

local function sum(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  local low = al + bl
  if low >= 10000000000 then return digits(ah + bh + 1, low - 10000000000) end
  return digits(ah + bh, low)
end

local function difference(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  if al < bl then return digits(ah - bh - 1, al + 10000000000 - bl) end
  return digits(ah - bh, al - bl)
end
