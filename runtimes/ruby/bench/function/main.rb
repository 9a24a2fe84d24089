# frozen_string_literal: true

# Answers the same bytes as the other servers of this folder.
def main(req, res)
  res.json({ message: "Hello #{req.payload['name']}" })
end
