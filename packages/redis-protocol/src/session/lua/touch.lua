-- Answers each session's end after a touch.

return extendEach(readHead, function(k, s) return s.expiresAt end)
