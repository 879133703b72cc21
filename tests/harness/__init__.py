"""What tests need around the system, on top of the parts that `stack` starts for anybody."""
