-- Renews a lease that its owner still has. KEYS: lease. ARGV: owner, milliseconds.
local holder = redis.pcall('GET', KEYS[1])
if type(holder) == 'table' and holder.err then return holder end
if holder ~= ARGV[1] then return 0 end
return redis.pcall('PEXPIRE', KEYS[1], ARGV[2])
