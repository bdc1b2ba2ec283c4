-- Numbers as a record has them: see record.lua.

local function fourOf(x)
  return string.char(x % 128, math.floor(x / 128) % 128, math.floor(x / 16384) % 128, math.floor(x / 2097152) % 128)
end

local function characters(x, size)
  if size == 4 then return fourOf(x) end
  return string.sub(fourOf(x) .. fourOf(math.floor(x / 268435456)), 1, size)
end
