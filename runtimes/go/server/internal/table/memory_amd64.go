package table

const memfdCreate = 319
