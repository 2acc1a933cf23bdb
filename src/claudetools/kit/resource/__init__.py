"""The resource engine: one declaration of an entity, every surface.

`declare` says what an entity is; `scope` is the only door to its rows; `query` lists, `write` changes, `routes`
puts both behind REST. `exchange` is CSV both ways, on `upsert`, which finds records by what they are called.
"""
