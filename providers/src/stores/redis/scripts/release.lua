-- Releases a lease that its owner still has, and tells how many wait. KEYS: lease. ARGV: owner, channel.
local holder = redis.pcall('GET', KEYS[1])
if type(holder) == 'table' and holder.err then return holder end
if holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
local waiting = redis.pcall('PUBSUB', 'NUMSUB', ARGV[2])
local count = 1000
if type(waiting) == 'table' and not waiting.err then count = waiting[2] end
redis.pcall('PUBLISH', ARGV[2], 'released ' .. count)
return 1
