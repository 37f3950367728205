-- SQLite's; PostgreSQL takes it, too. Prices are text, to the cent.
CREATE TABLE IF NOT EXISTS products
  (slug TEXT PRIMARY KEY, name TEXT, note TEXT, amount TEXT, color TEXT);
INSERT INTO products VALUES
  ('sencha', 'Sencha', 'Green and grassy, from steamed leaves', '12.50', '#6f9a52'),
  ('earl-grey', 'Earl Grey', 'Black, with oil of bergamot', '9.80', '#4f6d94'),
  ('lapsang', 'Lapsang', 'Black, dried over pine smoke', '14.20', '#8a5a44'),
  ('rooibos', 'Rooibos', 'Red and mellow, for the evening', '8.40', '#c0562f'),
  ('jasmine', 'Jasmine', 'White tea under fresh blossoms', '16.90', '#b98ba7'),
  ('tea-of-the-month', 'Tea of the month', 'A new tin each month', '11.00', '#b0842b'),
  ('shipping', 'Handling', '', '4.90', '') ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS orders
  (id TEXT PRIMARY KEY, visitor TEXT, kind TEXT, state TEXT DEFAULT 'Open',
  session TEXT UNIQUE, charge TEXT UNIQUE, permission TEXT, address TEXT, problem TEXT,
  made TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX IF NOT EXISTS one_cart ON orders (visitor, kind) WHERE state='Open';
CREATE TABLE IF NOT EXISTS lines
  (order_id TEXT, slug TEXT, name TEXT, amount TEXT, quantity INT, state TEXT,
  refund TEXT UNIQUE, PRIMARY KEY (order_id, slug));
CREATE TABLE IF NOT EXISTS permissions
  (id TEXT PRIMARY KEY, visitor TEXT, kind TEXT, order_id TEXT, state TEXT);
