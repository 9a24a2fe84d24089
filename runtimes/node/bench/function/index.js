// Answers the same bytes as the other servers of this folder.
module.exports = (req, res) => {
  res.json({ message: `Hello ${req.payload.name}` });
};
