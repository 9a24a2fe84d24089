package table

const memfdCreate = 279
