package import Engine

extension Engine: PoolService {}
